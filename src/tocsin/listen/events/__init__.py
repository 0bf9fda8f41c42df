"""Events coded from media: UCDP, ACLED."""
