"""Red Property: companies, projects, cross-appointments, agreements, complaints, rectifications."""
