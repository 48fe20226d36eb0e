"""Reports: the page of an object on paper (PDF) or as rows (CSV), attached to a notice."""
