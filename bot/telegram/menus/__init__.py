"""What users may press: menus of inline buttons, whose state is kept on the server by short id with a lifetime."""
