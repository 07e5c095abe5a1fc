"""The doors through which mail providers report what became of mails."""
