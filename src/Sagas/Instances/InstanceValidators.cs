using FluentValidation;
using Microsoft.Extensions.Options;
using Orchestrator.Contracts.Instances;

namespace Orchestrator.Sagas.Instances;

public sealed class ProvisionInstanceValidator : AbstractValidator<ProvisionInstance>
{
    public ProvisionInstanceValidator(IOptions<InstancesOptions> options)
    {
        RuleFor(c => c.InstanceId).NotEmpty();
        RuleFor(c => c.AppId).GreaterThan(0);
        RuleFor(c => c.RegionId).GreaterThan(0);
        RuleFor(c => c.InstanceType).Must(type => type is not null && options.Value.SizeOf(type) is not null)
            .WithMessage($"'{{PropertyName}}' must be one of {string.Join(", ", options.Value.TypeNames)}.");
    }
}

public sealed class UpdateInstanceValidator : AbstractValidator<UpdateInstance>
{
    public const int MaxTextLength = 255;

    public UpdateInstanceValidator()
    {
        RuleFor(c => c.InstanceId).NotEmpty();
        RuleFor(c => c.Status).Must(status => status is null || Statuses.All.Contains(status, StringComparer.Ordinal))
            .WithMessage($"'{{PropertyName}}' must be one of {string.Join(", ", Statuses.All)}.");
        RuleFor(c => c.InstanceStatus).Must(status => status is null || Intents.All.Contains(status, StringComparer.Ordinal))
            .WithMessage($"'{{PropertyName}}' must be one of {string.Join(", ", Intents.All)}.");
        RuleFor(c => c.ContainerId).Must(IsText).WithMessage($"'{{PropertyName}}' must be text of 1 to {MaxTextLength} characters without control characters.");
        RuleFor(c => c.NodeName).Must(IsText).WithMessage($"'{{PropertyName}}' must be text of 1 to {MaxTextLength} characters without control characters.");
        RuleFor(c => c.Version).GreaterThanOrEqualTo(0);
        RuleFor(c => c.Status).NotNull().When(c => c.InstanceStatus is null && c.ContainerId is null && c.NodeName is null)
            .WithMessage("The command must name at least one of status, instanceStatus, containerId, nodeName.");
    }

    private static bool IsText(string? text) => text is null || (text is { Length: > 0 and <= MaxTextLength } && Jobs.JobRules.IsStorable(text));
}

public sealed class TerminateInstanceValidator : AbstractValidator<TerminateInstance>
{
    public TerminateInstanceValidator()
    {
        RuleFor(c => c.InstanceId).NotEmpty();
        RuleFor(c => c.Reason).Must(reason => reason is null || (reason is { Length: > 0 and <= 200 } && Jobs.JobRules.IsStorable(reason)))
            .WithMessage("'{PropertyName}' must be text of 1 to 200 characters without control characters.");
    }
}

public sealed class DeleteInstanceValidator : AbstractValidator<DeleteInstance>
{
    public DeleteInstanceValidator() => RuleFor(c => c.InstanceId).NotEmpty();
}

public sealed class TerminateAppInstancesValidator : AbstractValidator<TerminateAppInstances>
{
    public TerminateAppInstancesValidator() => RuleFor(c => c.AppId).GreaterThan(0);
}

public sealed class DrainNodeValidator : AbstractValidator<DrainNode>
{
    public DrainNodeValidator()
    {
        RuleFor(c => c.Node).Must(name => name is { Length: > 0 and <= 200 } && Jobs.JobRules.IsStorable(name))
            .WithMessage("'{PropertyName}' must be text of 1 to 200 characters without control characters.");
        RuleFor(c => c.Deadline).Must(deadline => deadline is null || (deadline > TimeSpan.Zero && deadline <= TimeSpan.FromDays(1)))
            .WithMessage("'{PropertyName}' must be more than 0 and at most a day.");
    }
}

/// <summary>What an app may be.</summary>
public sealed class AppValidator : AbstractValidator<App>
{
    public AppValidator()
    {
        RuleFor(a => a.Name).Must(name => Jobs.JobRules.IsLabel(name) && name.Length <= 100)
            .WithMessage("'{PropertyName}' must be text of 1 to 100 characters without control characters.");
        RuleFor(a => a.Image).Must(image => image is null || (image is { Length: > 0 and <= 255 } && Jobs.JobRules.IsStorable(image)))
            .WithMessage("'{PropertyName}' must be text of 1 to 255 characters without control characters.");
        RuleFor(a => a.Command).NotEmpty().When(a => a.Image is null).WithMessage("'{PropertyName}' must name a program where there is no image.");
        RuleFor(a => a.Command).Must(command => command.Length <= 100 && command.All(part => part is { Length: <= 100_000 } && !part.Contains('\0', StringComparison.Ordinal)))
            .WithMessage("'{PropertyName}' must have at most 100 entries of at most 100000 characters, without NUL.");
        RuleFor(a => a.Command).Must(command => command.Length == 0 || command[0] is { Length: > 0 }).WithMessage("The first entry of '{PropertyName}' must name a program.");
        RuleFor(a => a.Env).Must(env => env.Count <= 100 && env.All(IsVariable))
            .WithMessage("'{PropertyName}' must have at most 100 variables, each named with letters, digits and _, of at most 32768 characters without NUL.");
        RuleFor(a => a.Ports).Must(ports => ports.Length <= 20 && ports.Distinct().Count() == ports.Length && ports.All(port => port is > 0 and <= 65_535))
            .WithMessage("'{PropertyName}' must have at most 20 different entries, each a whole number from 1 to 65535.");
        RuleFor(a => a.HealthCheck.Type).Must(type => HealthCheckTypes.All.Contains(type, StringComparer.Ordinal))
            .OverridePropertyName("HealthCheck.Type").WithMessage($"'{{PropertyName}}' must be one of {string.Join(", ", HealthCheckTypes.All)}.");
        RuleFor(a => a.HealthCheck.Port).Must((app, port) => port is null ? app.Ports.Length > 0 : app.Ports.Contains(port.Value))
            .When(a => a.HealthCheck.Type is HealthCheckTypes.Tcp or HealthCheckTypes.Http)
            .OverridePropertyName("HealthCheck.Port").WithMessage("'{PropertyName}' must be one of the app's ports, of which there must be one.");
        RuleFor(a => a.HealthCheck.Path).Must(path => path is { Length: > 0 and <= 2000 } && path[0] == '/' && path.All(c => c is > ' ' and < (char)127))
            .OverridePropertyName("HealthCheck.Path").WithMessage("'{PropertyName}' must begin with / and have at most 2000 characters, escaped as in an address.");
        Seconds(a => a.HealthCheck.IntervalSeconds, "HealthCheck.IntervalSeconds", 0.05, 3600);
        Seconds(a => a.HealthCheck.TimeoutSeconds, "HealthCheck.TimeoutSeconds", 0.05, 60);
        Seconds(a => a.HealthCheck.InitialDelaySeconds ?? 0, "HealthCheck.InitialDelaySeconds", 0, 3600);
        RuleFor(a => a.HealthCheck.HealthyThreshold).InclusiveBetween(1, 100).OverridePropertyName("HealthCheck.HealthyThreshold").WithMessage("'{PropertyName}' must be from 1 to 100.");
        RuleFor(a => a.HealthCheck.UnhealthyThreshold).InclusiveBetween(1, 100).OverridePropertyName("HealthCheck.UnhealthyThreshold").WithMessage("'{PropertyName}' must be from 1 to 100.");
        RuleFor(a => a.RestartPolicy.Mode).Must(mode => RestartModes.All.Contains(mode, StringComparer.Ordinal))
            .OverridePropertyName("RestartPolicy.Mode").WithMessage($"'{{PropertyName}}' must be one of {string.Join(", ", RestartModes.All)}.");
        RuleFor(a => a.RestartPolicy.Attempts).InclusiveBetween(0, 1_000_000).OverridePropertyName("RestartPolicy.Attempts").WithMessage("'{PropertyName}' must be from 0 to 1000000.");
        Seconds(a => a.RestartPolicy.WindowSeconds, "RestartPolicy.WindowSeconds", 1, 86_400);
        Seconds(a => a.RestartPolicy.DelaySeconds, "RestartPolicy.DelaySeconds", 0, 3600);
        Seconds(a => a.RestartPolicy.MaxDelaySeconds, "RestartPolicy.MaxDelaySeconds", 0, 86_400);
        Seconds(a => a.GraceSeconds ?? 0, "GraceSeconds", 0, 3600);
        RuleFor(a => a.InstanceLimit).InclusiveBetween(0, 100_000).WithMessage("'{PropertyName}' must be from 0 to 100000.");
    }

    private void Seconds(System.Linq.Expressions.Expression<Func<App, double>> field, string name, double least, double most) =>
        RuleFor(field).Must(value => value >= least && value <= most).OverridePropertyName(name)
            .WithMessage(FormattableString.Invariant($"'{{PropertyName}}' must be from {least} to {most} seconds."));

    private static bool IsVariable(KeyValuePair<string, string> variable) =>
        variable.Key is { Length: > 0 and <= 200 } && variable.Key.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(variable.Key[0])
        && variable.Value is { Length: <= 32_768 } && !variable.Value.Contains('\0', StringComparison.Ordinal);
}
