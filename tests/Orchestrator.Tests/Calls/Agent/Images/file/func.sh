: > ${FN_LISTENER#unix:}
exec sleep 1000
