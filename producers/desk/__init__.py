"""The desk: what people decide about episodes, kept and translated like what a PBX says."""
