using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Clones;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Api.Http.OpenApi;

/// <summary>Writes what <see cref="Doc"/> says into the operation of an endpoint.</summary>
public sealed class DocTransformer : IOpenApiOperationTransformer
{
    public const string SecurityScheme = "token";
    public const string ProblemSchema = "Problem";
    public const string MessageSchema = "FnMessage";
    public const string CloneErrorSchema = "CloneError";

    public async Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<Doc>().LastOrDefault() is not { } doc)
            return;
        var isOpen = metadata.OfType<IAllowAnonymous>().Any();
        var isDropIn = metadata.OfType<Access>().LastOrDefault() is { IsDropIn: true };
        operation.Summary = doc.Summary;
        operation.Description = doc.Description;
        AddParameters(operation, doc);
        if (doc.Body is { } body)
            operation.RequestBody = await BodyAsync(body, context, cancellationToken);
        operation.Responses = [];
        foreach (var answer in doc.Answers)
            operation.Responses[$"{answer.Status}"] = await AnswerAsync(answer, context, cancellationToken);
        var errors = ErrorsOf(doc, isOpen, isDropIn).ToList();
        if (MessageForm.Applies($"/{context.Description.RelativePath}"))
        {
            var messages = doc.Messages.Concat(errors.Select(error => new FnError(error.Status, error.Title)));
            foreach (var group in messages.GroupBy(error => error.Status).OrderBy(group => group.Key))
                operation.Responses[$"{group.Key}"] = Failure([.. group.Select(error => error.Message).Distinct(StringComparer.Ordinal)], context.Document!);
        }
        else if (CloneErrorForm.Applies($"/{context.Description.RelativePath}"))
        {
            foreach (var group in errors.GroupBy(error => error.Status).OrderBy(group => group.Key))
                operation.Responses[$"{group.Key}"] = CloneFailure([.. group.Distinct()], context.Document!);
        }
        else
        {
            foreach (var group in errors.GroupBy(error => error.Status).OrderBy(group => group.Key))
                operation.Responses[$"{group.Key}"] = Failure([.. group.Distinct()], context.Document!);
        }

        operation.Security = isOpen
            ? []
            : [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(SecurityScheme, context.Document)] = [] }];
    }

    private static IEnumerable<ErrorKind> ErrorsOf(Doc doc, bool isOpen, bool isDropIn)
    {
        IEnumerable<ErrorKind> errors = doc.Errors;
        if (doc.Parameters.Any(parameter => !parameter.IsHeader))
            errors = errors.Append(Http.Errors.InvalidField);
        if (doc.Body is not null)
            errors = errors.Concat([Http.Errors.InvalidField, Http.Errors.MalformedJson, Http.Errors.InvalidValue, Http.Errors.BodyTooLarge, Http.Errors.UnsupportedMediaType]);
        if (doc.IsIdempotent)
            errors = errors.Concat([IdempotentWrites.InvalidKey, IdempotentWrites.InFlight, IdempotentWrites.Reused]);
        if (isOpen)
            return errors;
        if (isDropIn)
            errors = errors.Append(Http.Errors.InvalidAuthorization);
        return errors.Concat([Http.Errors.Unauthenticated, Http.Errors.InsufficientScope, Http.Errors.DatabaseUnavailable]);
    }

    private static void AddParameters(OpenApiOperation operation, Doc doc)
    {
        operation.Parameters ??= [];
        foreach (var parameter in operation.Parameters.OfType<OpenApiParameter>())
        {
            if (doc.PathExamples.TryGetValue(parameter.Name ?? "", out var example))
                parameter.Example = example;
        }

        var parameters = doc.IsIdempotent
            ? doc.Parameters.Append(DocParameter.Header(
                IdempotentWrites.Header, "The same request with the same key within 24 hours has no second effect and gets the same answer.",
                "8e03978e-40d5-43dd-bc93-6894a57f9324"))
            : doc.Parameters;
        foreach (var parameter in parameters)
            operation.Parameters.Add(Parameter(parameter));
    }

    private static OpenApiParameter Parameter(DocParameter parameter)
    {
        var schema = new OpenApiSchema
        {
            Type = parameter.Type switch
            {
                DocType.Number => JsonSchemaType.Integer,
                DocType.Flag => JsonSchemaType.Boolean,
                _ => JsonSchemaType.String,
            },
            Format = parameter.Type is DocType.Time ? "date-time" : null,
            Minimum = parameter.Least?.ToString(),
            Maximum = parameter.Most?.ToString(),
            Enum = parameter.Allowed.Count == 0 ? null : [.. parameter.Allowed.Select(value => (JsonNode)value)],
        };
        return new OpenApiParameter
        {
            Name = parameter.Name,
            In = parameter.IsHeader ? ParameterLocation.Header : ParameterLocation.Query,
            Description = parameter.Description,
            Schema = parameter.IsRepeatable ? new OpenApiSchema { Type = JsonSchemaType.Array, Items = schema } : schema,
            Explode = parameter.IsRepeatable,
            Example = parameter.Example?.DeepClone(),
        };
    }

    private static async Task<OpenApiRequestBody> BodyAsync(DocBody body, OpenApiOperationTransformerContext context, CancellationToken cancellationToken) => new()
    {
        Required = body.IsRequired,
        Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
        {
            ["application/json"] = new() { Schema = await SchemaAsync(body.Type, context, cancellationToken), Example = JsonNode.Parse(body.Example) },
        },
    };

    private static async Task<OpenApiResponse> AnswerAsync(DocAnswer answer, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var response = new OpenApiResponse { Description = answer.Description };
        if (answer.Type is { } type)
        {
            response.Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
            {
                [answer.ContentType] = new()
                {
                    Schema = await SchemaAsync(type, context, cancellationToken),
                    Example = answer.Example is null ? null : JsonNode.Parse(answer.Example),
                },
            };
        }

        if (answer.Headers.Count > 0)
        {
            response.Headers = answer.Headers.ToDictionary(
                header => header.Name,
                IOpenApiHeader (header) => new OpenApiHeader { Description = header.Description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } },
                StringComparer.Ordinal);
        }

        return response;
    }

    private static OpenApiResponse Failure(IReadOnlyList<ErrorKind> kinds, OpenApiDocument document) => new()
    {
        Description = string.Join('\n', kinds.Select(kind => $"`{kind.Code}`: {kind.Title}.")),
        Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
        {
            [Problem.ContentType] = new()
            {
                Schema = new OpenApiSchemaReference(ProblemSchema, document),
                Example = JsonNode.Parse(kinds[0].Because(kinds[0].Title).Write("4bf92f3577b34da6a3ce929d0e0e4736").Span),
            },
        },
    };

    private static OpenApiResponse CloneFailure(IReadOnlyList<ErrorKind> kinds, OpenApiDocument document) => new()
    {
        Description = string.Join('\n', kinds.Select(kind => $"`{CloneErrorForm.CodeOf(kind)}`: {kind.Title}.")),
        Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
        {
            [CloneErrorForm.ContentType] = new()
            {
                Schema = new OpenApiSchemaReference(CloneErrorSchema, document),
                Example = JsonNode.Parse(CloneErrorForm.Write(kinds[0].Because(kinds[0].Title)).Span),
            },
        },
    };

    private static OpenApiResponse Failure(IReadOnlyList<string> messages, OpenApiDocument document) => new()
    {
        Description = string.Join('\n', messages.Select(message => $"{message}.")),
        Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
        {
            ["application/json"] = new()
            {
                Schema = new OpenApiSchemaReference(MessageSchema, document),
                Example = JsonNode.Parse(MessageForm.Write(messages[0]).Span),
            },
        },
    };

    private static async Task<IOpenApiSchema> SchemaAsync(Type type, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var schema = await context.GetOrCreateSchemaAsync(type, parameterDescription: null, cancellationToken);
        if (type.IsArray || type.IsGenericType || type == typeof(string))
            return schema;
        context.Document!.AddComponent<IOpenApiSchema>(type.Name, schema);
        return new OpenApiSchemaReference(type.Name, context.Document);
    }
}
