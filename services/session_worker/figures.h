// What a session worker tells of itself on --metrics-listen: figures, and why it is not ready.
// docs/operations.md lists the figures.
#pragma once

#include "shard/session_worker.h"
#include "worker/figure_server.h"

namespace lyceum::session_worker {

// `worker` must outlive what calls them: see FigureServer::End.
worker::FigureServer::Sources SourcesOf(const shard::SessionWorker& worker);

}  // namespace lyceum::session_worker
