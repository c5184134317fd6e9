"""Where a model fails: labelled people of several sources, sorted into kinds, and their pictures made harder."""
