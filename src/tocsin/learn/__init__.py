"""Did it help anybody: scores, hindsight, exercises."""
