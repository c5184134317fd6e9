"""Where a model fails: labelled people of several sources by kind, and altered images of them."""
