"""Think: article to assessment, assessments to stories, stories to alerts. Pure."""
