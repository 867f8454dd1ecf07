"""Random changes of training images, in a batch on its device."""
