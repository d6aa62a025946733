using System.Text.Json.Nodes;

namespace Orchestrator.Local.Demo.Jobs;

/// <summary>One webhook delivery as GitHub sends it; a repeat has the same id and the same body.</summary>
internal sealed record Delivery(Guid Id, string Action, JsonObject Payload, byte[] Body);
