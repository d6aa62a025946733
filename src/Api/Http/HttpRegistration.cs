using Microsoft.AspNetCore.Diagnostics;

namespace Orchestrator.Api.Http;

/// <summary>What every request passes: errors as problems, JSON as ours.</summary>
public static class HttpRegistration
{
    public static IServiceCollection AddHttpBasics(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json => JsonFormat.Configure(json.SerializerOptions));
        services.AddExceptionHandler<ApiExceptionHandler>();
        services.AddProblemDetails();
        services.AddSingleton<IdempotentWrites>();
        services.AddSingleton<TimelineFeed>();
        return services;
    }

    public static void UseHttpBasics(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages(WriteProblemAsync);
    }

    private static Task WriteProblemAsync(StatusCodeContext context)
    {
        var http = context.HttpContext;
        var kind = Errors.OfStatus(http.Response.StatusCode);
        if (MessageForm.Applies(http.Request.Path) && MessageForm.Detail(http.Request, kind.Status) is { } message)
        {
            if (message == Sagas.Calls.FnErrors.MissingFnId.Message)
                kind = Errors.BadRequest;
            return kind.Because(message).ExecuteAsync(http);
        }

        var detail = kind.Status switch
        {
            404 => $"There is nothing at {http.Request.Path}.",
            405 => $"{http.Request.Path} does not take {http.Request.Method}, but {http.Response.Headers.Allow}.",
            _ => kind.Title,
        };
        return kind.Because(detail).ExecuteAsync(http);
    }
}
