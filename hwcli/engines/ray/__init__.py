"""Photos over the machines of a Ray cluster, or over this one by Ray: the extra `hwcli[ray]`."""
