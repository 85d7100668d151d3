"""The recorded half hour of a real PBX: its figures against readings that share no code."""
