"""From a workflow to what an app needs of it: picks, proposals, the graph that runs, what is missing."""
