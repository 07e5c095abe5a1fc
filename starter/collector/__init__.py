"""The collector: takes what backends report, and what recipients do with the links in their mails."""
