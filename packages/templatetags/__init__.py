"""What our templates can say beside Django's own."""
