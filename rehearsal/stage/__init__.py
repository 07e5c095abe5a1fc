"""One customer on stage: the real workflow, activities and database, with time skipped and a mailbox that records."""
