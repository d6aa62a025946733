using Microsoft.AspNetCore.Diagnostics;
using Npgsql;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Api.Http;

/// <summary>Answers whatever a request ends with as a problem.</summary>
public sealed class ApiExceptionHandler(NpgsqlDataSource source, ILogger<ApiExceptionHandler> logger) : IExceptionHandler
{
    private const string RetryAfterSeconds = "2";
    private const string RefusedParameter = "22";

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (httpContext.RequestAborted.IsCancellationRequested)
        {
            httpContext.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        await Of(exception).ExecuteAsync(httpContext);
        return true;
    }

    private Problem Of(Exception exception)
    {
        switch (exception)
        {
            case ProblemException known:
                return known.Problem;
            case FnException refused:
                return Errors.Of(refused.Error);
            case BadHttpRequestException bad:
                return Errors.OfStatus(bad.StatusCode).Because(bad.Message);
            case PostgresException data when Transient.IsDataFault(data):
                logger.LogInformation("The database refuses a value: {SqlState} {Reason}", data.SqlState, data.MessageText);

                // Npgsql (issue 6391) keeps a query as prepared, without its columns, whose parameter was refused when it was.
                if (data.SqlState.StartsWith(RefusedParameter, StringComparison.Ordinal))
                    source.Clear();
                return Errors.InvalidValue.Because($"The database refuses a value: {data.MessageText}");
            case not null when Transient.IsConflict(exception):
                logger.LogWarning("A request gave way to another: {Reason}", exception.GetBaseException().Message);
                return Errors.DatabaseUnavailable.Because("Another request was in the way of this one, of which nothing was done; repeat it.").WithHeader("Retry-After", "0");
            case not null when Transient.Is(exception):
                logger.LogWarning("A request could not be served: {Reason}", exception.GetBaseException().Message);
                return Errors.DatabaseUnavailable.Because("The database cannot be reached at the moment.").WithHeader("Retry-After", RetryAfterSeconds);
            default:
                logger.LogError(exception, "A request failed");
                return Errors.Internal.Because("The request failed for a reason that is not its own.");
        }
    }
}
