"""Sources: upstream systems (UISP) that know customers and equipment already, and see for themselves what is down."""
