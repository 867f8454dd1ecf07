"""Tables, pictures and the page."""
