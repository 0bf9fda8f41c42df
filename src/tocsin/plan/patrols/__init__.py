"""Who goes out, when and where, without a timetable that can be learned."""
