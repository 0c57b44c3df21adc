"""What is said afterwards: notices, reports and the audit chain, as values."""
