"""What shoppers do, one function each."""
