"""See inside and stay alive: who leads, what is measured, whether all is well, and who is told when it is not."""
