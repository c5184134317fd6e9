"""Bodies as files of other programs: OBJ, glTF and BVH."""
