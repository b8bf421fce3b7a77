"""What a shop sells: Fashion-MNIST or a user's own pictures, read without trust."""
