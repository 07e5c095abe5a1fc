"""Pages and answers for the recipients of mails: tracked links, unsubscribing, the preference centre, their data."""
