"""``python ray_cluster.py FILE FOLDER...``: a Ray cluster with a node for each folder, until the
process is told to end; its address goes into FILE. The head itself trains nothing."""

import signal
import sys
from pathlib import Path

from ray.cluster_utils import Cluster


def main(told: Path, folders: list[str]) -> None:
    quiet = {"include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **quiet})
    for folder in folders:
        cluster.add_node(num_cpus=1, env_vars={"LORVP_NODE": folder})
    part = told.with_suffix(".part")
    part.write_text(cluster.address)
    part.rename(told)
    signal.sigwait([signal.SIGTERM])
    cluster.shutdown()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    main(Path(sys.argv[1]), sys.argv[2:])
