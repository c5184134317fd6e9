"""The people in maps of joints and fields of limbs (part affinity fields)."""
