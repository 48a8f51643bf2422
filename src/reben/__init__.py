"""Build, encode, load, train on and publish reBEN (refined BigEarthNet) and data sets like it, for any area."""

__version__ = "0.1.0"
