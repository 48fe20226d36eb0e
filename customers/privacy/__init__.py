"""What is known of a customer: handed out as a whole, or with the customer's name taken out of it."""
