"""Tests of the command as people use it: real processes, real files, real ports."""
