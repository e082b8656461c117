//! Debian source packages, through `apt-get source` with a private configuration: own lists, own source list, no root.
