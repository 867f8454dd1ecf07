"""What is made of finished trials: tables, pictures, and a page that shows both."""
