"""The loop and the tasks around it: device supervisors, the publisher, health."""
