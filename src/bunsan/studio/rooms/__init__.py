"""The rooms of the studio, one file each."""
