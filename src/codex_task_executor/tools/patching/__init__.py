"""The patch format of ``apply_patch`` (V4A): read it, find its places, plan its writes."""
