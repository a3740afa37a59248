//! Token, shard and data-centre routing of statements without a partition key: range scans.

use scylla::cluster::{ClusterState, NodeRef};
use scylla::errors::RequestAttemptError;
use scylla::frame::response::result::TableSpec;
use scylla::policies::load_balancing::{FallbackPlan, LoadBalancingPolicy, RoutingInfo};
use scylla::routing::{Shard, Token};
use std::sync::Arc;
use std::time::Duration;

/// Lends `inner` a token and a table, so that it goes to the token's replicas first. The driver
/// computes tokens from partition keys only, and would send a range scan to any node.
#[derive(Debug)]
pub struct PinnedToken {
    pub token: Token,
    pub table: TableSpec<'static>,
    pub inner: Arc<dyn LoadBalancingPolicy>,
}

impl PinnedToken {
    fn pinned<'a>(&'a self, request: &'a RoutingInfo<'a>) -> RoutingInfo<'a> {
        let mut info = request.clone();
        info.token = Some(self.token);
        info.table = Some(&self.table);
        info
    }
}

impl LoadBalancingPolicy for PinnedToken {
    fn pick<'a>(
        &'a self,
        request: &'a RoutingInfo,
        cluster: &'a ClusterState,
    ) -> Option<(NodeRef<'a>, Option<Shard>)> {
        let info = self.pinned(request);
        // What inner returns borrows `info`, which ends here: take the node out of `cluster` again.
        let (host, shard) = self
            .inner
            .pick(&info, cluster)
            .map(|(node, shard)| (node.host_id, shard))?;
        cluster.get_node_by_host_id(host).map(|node| (node, shard))
    }

    fn fallback<'a>(
        &'a self,
        request: &'a RoutingInfo,
        cluster: &'a ClusterState,
    ) -> FallbackPlan<'a> {
        let info = self.pinned(request);
        let plan: Vec<_> = self
            .inner
            .fallback(&info, cluster)
            .map(|(node, shard)| (node.host_id, shard))
            .collect();
        Box::new(plan.into_iter().filter_map(move |(host, shard)| {
            cluster.get_node_by_host_id(host).map(|node| (node, shard))
        }))
    }

    fn on_request_success(&self, request: &RoutingInfo, latency: Duration, node: NodeRef<'_>) {
        self.inner
            .on_request_success(&self.pinned(request), latency, node)
    }

    fn on_request_failure(
        &self,
        request: &RoutingInfo,
        latency: Duration,
        node: NodeRef<'_>,
        error: &RequestAttemptError,
    ) {
        self.inner
            .on_request_failure(&self.pinned(request), latency, node, error)
    }

    fn name(&self) -> String {
        format!("PinnedToken({})", self.inner.name())
    }
}
