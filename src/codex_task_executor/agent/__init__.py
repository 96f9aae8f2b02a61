"""The model half: the conversation, the loop over it, the protocol a model speaks."""
