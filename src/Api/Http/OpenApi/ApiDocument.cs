using Microsoft.OpenApi;

namespace Orchestrator.Api.Http.OpenApi;

/// <summary>The OpenAPI document at <c>/openapi/v1.json</c> and the page at <c>/docs</c> that shows it.</summary>
public static class ApiDocument
{
    private const string Description = """
        One durable control plane for jobs, functions, actions, instances and clones.

        **Tokens.** Send `Authorization: Bearer TOKEN`. Make tokens with the admin token at `/api/v1/auth/token/{name}`.

        **Errors** are problem details (RFC 9457) with a stable `code`, a `hint`, and `errors` by field.

        **Times** are RFC 3339 in UTC.
        """;

    public static IServiceCollection AddApiDocument(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.AddOperationTransformer<DocTransformer>();
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "Orchestrator", Version = "v1", Description = Description };
            document.Servers = [];
            document.AddComponent<IOpenApiSecurityScheme>(
                DocTransformer.SecurityScheme,
                new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.Http,
                    Scheme = "bearer",
                    Description = "The admin token, or a token with the scope that the route needs.",
                });
            document.AddComponent<IOpenApiSchema>(DocTransformer.ProblemSchema, ProblemSchema());
            document.AddComponent<IOpenApiSchema>(DocTransformer.MessageSchema, MessageSchema());
            document.AddComponent<IOpenApiSchema>(DocTransformer.CloneErrorSchema, CloneErrorSchema());
            return Task.CompletedTask;
        });
    });

    /// <summary>Page and document are open: they tell nothing that the code does not.</summary>
    public static void UseApiPage(this WebApplication app) => app.UseSwaggerUI(page =>
    {
        page.RoutePrefix = "docs";
        page.DocumentTitle = "Orchestrator";
        page.SwaggerEndpoint("/openapi/v1.json", "Orchestrator v1");
        page.ConfigObject.TryItOutEnabled = true;
        page.ConfigObject.DisplayOperationId = true;
    });

    private static OpenApiSchema MessageSchema() => new()
    {
        Type = JsonSchemaType.Object,
        Description = "An error of the function routes.",
        Required = new HashSet<string>(StringComparer.Ordinal) { "message" },
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal) { ["message"] = Text("What is wrong.") },
    };

    private static OpenApiSchema CloneErrorSchema() => new()
    {
        Type = JsonSchemaType.Object,
        Description = "An error of the clone routes.",
        Required = new HashSet<string>(StringComparer.Ordinal) { "code", "name", "hint", "message" },
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            ["code"] = Text("The kind of error; never changes."),
            ["name"] = Text("The kind of error in words."),
            ["hint"] = Text("What can be done about it."),
            ["message"] = Text("What is wrong this time."),
        },
    };

    private static OpenApiSchema ProblemSchema() => new()
    {
        Type = JsonSchemaType.Object,
        Description = "Problem details (RFC 9457).",
        Required = new HashSet<string>(StringComparer.Ordinal) { "type", "title", "status", "detail", "code", "hint", "message", "traceId" },
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            ["type"] = Text("The kind of error, as a URN."),
            ["title"] = Text("The kind of error in words."),
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "The HTTP status." },
            ["detail"] = Text("What is wrong this time."),
            ["code"] = Text("The kind of error; never changes."),
            ["hint"] = Text("What can be done about it."),
            ["message"] = Text("The same as detail."),
            ["traceId"] = Text("Under which the request is found in traces and logs."),
            ["errors"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = "What is wrong with each field.",
                AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
            },
        },
    };

    private static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };
}
