"""What a model is trained for, one file each. An objective knows windows of a corpus and its own
losses; it knows neither the loop nor how a model came to be.
"""
