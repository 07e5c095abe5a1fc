"""The catalogue's way in: files of products and reviews, and the sample shop that ships with Segue."""
