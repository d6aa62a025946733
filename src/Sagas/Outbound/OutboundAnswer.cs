using System.Net;

namespace Orchestrator.Sagas.Outbound;

/// <summary>What a target answered.</summary>
/// <param name="Status">A redirect is an answer like any other.</param>
/// <param name="Headers">Names in lower case, several values joined by a comma.</param>
/// <param name="Body">The body, as far as it was read.</param>
/// <param name="IsWhole">False when the body is longer than <c>Outbound:MaximumAnswerBytes</c>.</param>
public sealed record OutboundAnswer(HttpStatusCode Status, IReadOnlyDictionary<string, string> Headers, byte[] Body, bool IsWhole);
