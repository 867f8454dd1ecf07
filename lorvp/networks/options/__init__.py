"""What each library may be told of an architecture: typed lists, since anybody writes manifests."""
