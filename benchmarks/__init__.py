"""What is measured: ratios within one run on one machine. Run by `make bench`, never by the tests."""
