"""The gallery: every mail as it would look, on a page beside the development inbox."""
