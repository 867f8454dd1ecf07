"""From one image file to one array of the size that is stored."""
