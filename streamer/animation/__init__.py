"""What the face does: functions of time, seed and wishes."""
