using System.Text;
using System.Text.Json.Nodes;

namespace Orchestrator.Tests.Http.Fuzzing;

/// <summary>Makes requests that are wrong in one place or several.</summary>
internal sealed class RequestMaker(Random random, Uri address, IReadOnlyList<Operation> operations)
{
    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "BREW"];
    private static readonly string[] ContentTypes = ["text/plain", "application/json; charset=utf-16", "application/x-www-form-urlencoded", "nonsense", "application/problem+json"];
    private static readonly string[] HeaderNames = ["Authorization", "Verification-Token", "Idempotency-Key", "Prefer", "Last-Event-ID", "Accept", "X-Hub-Signature-256", "X-GitHub-Event", "traceparent", "Expect"];

    /// <summary>A request, and a description of it that is enough to send it again.</summary>
    public (HttpRequestMessage Request, string Description) Next(string admin)
    {
        var operation = NastyValues.Pick(random, operations);
        var method = random.Next(20) == 0 ? NastyValues.Pick(random, Methods) : operation.Method;
        var path = Path(operation) + Query(operation);
        // As written: no normal form takes the sting out of it.
        var request = new HttpRequestMessage(
            new HttpMethod(method),
            new Uri($"{address.GetLeftPart(UriPartial.Authority)}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {admin}");
        var description = new StringBuilder($"{method} {path}");
        if (operation.Body is not null && method is not "GET")
        {
            var body = Body(operation);
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", random.Next(20) == 0 ? NastyValues.Pick(random, ContentTypes) : "application/json");
            description.Append($" body {Convert.ToBase64String(body)}");
        }

        if (random.Next(4) == 0)
        {
            var (name, value) = (NastyValues.Pick(random, HeaderNames), NastyValues.Pick(random, NastyValues.Headers));
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
            description.Append($" {name}: {value}");
        }

        return (request, description.ToString());
    }

    private string Path(Operation operation)
    {
        var path = operation.Path;
        foreach (var parameter in operation.Parameters.Where(parameter => parameter.In is "path"))
        {
            var value = random.Next(3) == 0 ? NastyValues.Pick(random, NastyValues.Texts) : parameter.Example;
            path = path.Replace($"{{{parameter.Name}}}", Escaped(value), StringComparison.Ordinal);
        }

        return random.Next(50) == 0 ? path + NastyValues.Pick(random, ["/", "//", "/x", "?", "%", "%ff", "%c0%ae", "/../..", ";a=b"]) : path;
    }

    private string Query(Operation operation)
    {
        var query = new StringBuilder();
        foreach (var parameter in operation.Parameters.Where(parameter => parameter.In is "query" && parameter.Name is not "stream"))
        {
            switch (random.Next(4))
            {
                case 0:
                    Append(parameter.Name, parameter.Example);
                    break;
                case 1:
                    Append(parameter.Name, NastyValues.Pick(random, NastyValues.Texts));
                    if (random.Next(5) == 0)
                        Append(parameter.Name, "again");
                    break;
            }
        }

        return query.ToString();

        void Append(string name, string value) => query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Escaped(value));
    }

    private byte[] Body(Operation operation)
    {
        switch (random.Next(6))
        {
            case 0:
                return Encoding.UTF8.GetBytes(NastyValues.Pick(random, NastyValues.Json));
            case 1:
                return NastyValues.Mutate(random, Encoding.UTF8.GetBytes(operation.Body!));
        }

        // By text, so that what no JSON library would write can be written.
        var fields = JsonNode.Parse(operation.Body!)!.AsObject().ToDictionary(field => field.Key, field => field.Value?.ToJsonString() ?? "null", StringComparer.Ordinal);
        for (var i = random.Next(1, 3); i > 0; i--)
            fields[NastyValues.Pick(random, operation.Fields)] = NastyValues.Pick(random, NastyValues.Json);
        if (fields.ContainsKey("id") && random.Next(2) == 0)
            fields["id"] = $"\"{random.NextInt64():x}\"";
        return Encoding.UTF8.GetBytes($"{{{string.Join(',', fields.Select(field => $"\"{field.Key}\":{field.Value}"))}}}");
    }

    private string Escaped(string value) => random.Next(10) switch
    {
        0 when value.Length < 50 => string.Concat(Encoding.UTF8.GetBytes(value).Select(b => $"%{b:X2}")),
        _ => string.Concat(value.EnumerateRunes().Select(rune => Uri.EscapeDataString(rune.ToString()))),
    };
}
