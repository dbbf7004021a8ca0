// What a tool worker tells of itself on --metrics-listen: figures, and why it is not ready.
// docs/operations.md lists the figures.
#pragma once

#include "models/models.h"
#include "toolhost/tool_worker.h"
#include "worker/figure_server.h"

namespace lyceum::tool_worker {

// All must outlive what calls them: see FigureServer::End. `functions` may be null.
worker::FigureServer::Sources SourcesOf(const toolhost::ToolWorker& running,
                                        const toolhost::HostTimes& times, size_t slots,
                                        const models::Models& models,
                                        const toolhost::FunctionCaller* functions);

}  // namespace lyceum::tool_worker
