"""Where the model's calls take place: paths by descriptor, commands in a kernel sandbox."""
