"""What a CRM tells: cards, cases, dispositions and answers, each with the contact it is of."""
